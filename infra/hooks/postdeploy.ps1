& (Join-Path $PSScriptRoot 'python.ps1') postdeploy
exit $LASTEXITCODE
