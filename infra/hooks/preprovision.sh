#!/bin/sh
exec sh "$(dirname "$0")/python.sh" preprovision
