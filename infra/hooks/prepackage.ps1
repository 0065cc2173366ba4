& (Join-Path $PSScriptRoot 'python.ps1') prepackage
exit $LASTEXITCODE
