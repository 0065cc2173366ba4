# Runs a hook with the machine's Python: python.ps1 NAME runs NAME.py of this folder.
param([Parameter(Mandatory)][string]$Name)
Set-Location (Join-Path $PSScriptRoot '../..')
$old = 'import sys; sys.exit(sys.version_info < (3, 9))'
foreach ($python in @(@('py', '-3'), @('python3'), @('python'))) {
    $program = $python[0]
    $arguments = @($python | Select-Object -Skip 1)
    if (-not (Get-Command $program -ErrorAction SilentlyContinue)) { continue }
    & $program @arguments -c $old 2>$null
    if ($LASTEXITCODE -ne 0) { continue }
    & $program @arguments -m "infra.hooks.$Name"
    exit $LASTEXITCODE
}
[Console]::Error.WriteLine('error: Python 3.9 or later is needed on this machine: install it from https://www.python.org/downloads/')
exit 1
