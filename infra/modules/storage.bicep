// The storage account, for the host (locks, function keys), the package, the queues and the app's tables. It has no shared key: whoever
// comes needs a role.

param location string
param tags object

@minLength(13)
param token string

@description('Kind of the copies that the account keeps.')
param sku string

@description('Name of the container that deployments put the package into.')
param packageContainer string

// The queues that functions listen to, each with the queue for its poison messages, as the host names it. They are made here so that the
// scale controller finds them before the first message. The app makes its tables itself. tests/infra compares this list with the code.
var queueNames = [
  'events'
  'events-poison'
  'deliveries'
  'deliveries-poison'
  'deliveries-slow'
  'deliveries-slow-poison'
  'wakeups'
  'wakeups-poison'
]

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Reached over the public endpoint: a Flex Consumption app without a virtual network has no other way, and no fixed address to allow.
    // Without keys and public blobs, a token of somebody with a role is the only way in.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [
  for name in queueNames: {
    parent: queueService
    name: name
  }
]

output name string = account.name
output tableUri string = account.properties.primaryEndpoints.table
output queueUri string = account.properties.primaryEndpoints.queue
