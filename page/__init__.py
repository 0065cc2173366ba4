"""What the console's page is made of beside our own modules: installed, checked by hashes, never committed."""
