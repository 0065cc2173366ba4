& (Join-Path $PSScriptRoot 'python.ps1') postprovision
exit $LASTEXITCODE
