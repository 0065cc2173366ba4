& (Join-Path $PSScriptRoot 'python.ps1') preprovision
exit $LASTEXITCODE
