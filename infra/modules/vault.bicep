// The vault. The hooks put its secrets in (secrets-key, console-key, arcgis-hook-key); this template neither knows nor reads them.

param location string
param tags object
param token string

@description('Resource id of the workspace that gets the audit of the vault.')
param workspaceId string

@description('Whether nobody, the owner included, can remove the vault for good before its time.')
param purgeProtection bool

@description('Whether the deleted vault of this name is taken back, with its secrets.')
param recover bool

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-${token}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    createMode: recover ? 'recover' : 'default'
    enableRbacAuthorization: true
    enableSoftDelete: true
    // With SECRETS_KEY all sealed secrets of receivers are lost, so a deleted vault can be taken back for as long as the platform allows. The
    // number cannot be changed later.
    softDeleteRetentionInDays: 90
    // null and not false: the platform refuses false, even where it was never on.
    enablePurgeProtection: purgeProtection ? true : null
    // The settings of a Flex Consumption app cannot name secrets of a vault that is closed to the public network. A role is needed all the same.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

// Who read, wrote or removed which secret.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output name string = vault.name
output id string = vault.id
