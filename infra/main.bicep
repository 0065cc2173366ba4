// The hub in Azure: a resource group for each environment, and everything in it. `azd up` deploys this file; the "Deploy to Azure" button deploys
// main.json, which `make infra WRITE=1` compiles from it. docs/deploy.md leads through it.

targetScope = 'subscription'

// ---------------------------------------------------------------- Where

@minLength(1)
@maxLength(64)
@description('Name of this environment, such as test or production. Each has a resource group and names of its own, so several fit into one subscription.')
param environmentName string

// Regions that have Flex Consumption. `az functionapp list-flexconsumption-locations` lists those of today.
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
@description('Region of everything, one that has the plan Flex Consumption. Choose the one that is nearest to your Dataverse environment. It cannot be changed later for the same environment.')
param location string

@description('Name of the resource group. Without one it follows from the name of the environment: rg-NAME.')
param resourceGroupName string = ''

@maxLength(24)
@description('Any word; another word makes all names other ones. Give one if a name is taken, such as that of a deleted vault that cannot be removed yet. In an environment that stands it makes everything anew beside the old, without its data.')
param nameSalt string = ''

@description('Tags for every resource, beside the one that azd needs: an object such as {"costCenter": "42"}.')
param extraTags object = {}

// ---------------------------------------------------------------- Who

// azd says who is signed in to it. The "Deploy to Azure" button and `az deployment sub create` say nothing: then it is who deploys.
@description('Object id in Entra of who runs the hub from a desk, with python -m admin: a person, a group or an application. Without one it is who deploys.')
param principalId string = deployer().objectId

@allowed(['User', 'Group', 'ServicePrincipal'])
@description('What that object id is: User, Group or ServicePrincipal (an application, such as that of a workflow).')
param principalType string = 'User'

@description('Whether that person, group or application may read and change the hub\'s tables and queues. Without it python -m admin does not work against this environment until somebody grants the roles. Roles that were given are not taken back by it.')
param operatorAccess bool = true

// ---------------------------------------------------------------- Size

@allowed([512, 2048, 4096])
@description('Memory of an instance, in MB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Number of instances that the platform may start at most, which limits what a storm of events can cost: of each group of functions (those for requests together, every other one alone). The platform may refuse fewer than 40.')
param maxInstances int = 100

@minValue(1)
@maxValue(192)
@description('Number of requests that one instance works on at once.')
param httpConcurrency int = 16

@minValue(0)
@maxValue(100)
@description('Number of instances that always wait for requests, and are always paid for. With 0 the first request after a pause takes some seconds.')
param alwaysReadyHttp int = 0

@minValue(0)
@maxValue(100)
@description('Number of instances that always wait for events to be dispatched, and are always paid for. With 0 the first event after a pause takes some seconds more.')
param alwaysReadyEventDispatch int = 0

@description('Whether the hub goes on when a zone of the region fails; not every region has zones. It costs more. To be chosen at the beginning: what stands is not moved.')
param zoneRedundant bool = false

@allowed(['', 'Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
@description('Copies that storage keeps: in a zone (Standard_LRS), in three zones (Standard_ZRS), or in a second region too (the others). Without one: three zones if the hub is zone-redundant, else one.')
param storageSku string = ''

// ---------------------------------------------------------------- Vault

@description('Whether nobody can remove the vault for good before 90 days are over. For production: it holds the key to all sealed secrets. It can never be turned off again, and keeps the name of a deleted environment taken.')
param purgeProtection bool = false

@description('For one deployment, after azd down without --purge: take the deleted vault of this environment back, with its secrets, instead of making one. Any other deployment fails with it.')
param recoverVault bool = false

// ---------------------------------------------------------------- Watching

@description('Mail address that alerts go to. Without one they are only listed in the portal.')
param alertEmail string = ''

@minValue(30)
@maxValue(730)
@description('For how many days logs are kept. 31 are without charge.')
param logRetentionDays int = 30

@minValue(-1)
@description('Gigabytes of logs that are taken in a day at most, so that logs never cost more; what comes after is lost, and so are alerts on that day. -1: no limit.')
param dailyQuotaGb int = 1

@description('Whether the app also exports spans and metrics as OpenTelemetry. Instances take longer to start.')
param openTelemetry bool = false

@description('Where OpenTelemetry is exported to, over http/protobuf, such as https://collector.contoso.com:4318. Without one: to Application Insights.')
param otlpEndpoint string = ''

// ---------------------------------------------------------------- The hub's settings (docs/settings.md explains each)

@description('Address at which the world reaches the hub, such as https://hooks.contoso.com, if it is not the one that the platform gives.')
param publicUrl string = ''

@allowed(['table', 'graph'])
@description('Who knows who has which role: the hub itself (table), or Microsoft 365 (graph), which needs sharepointSiteId and dataverseUrl.')
param roleDirectory string = 'table'

@description('Name of the role of those who register webhooks, and stand behind connections.')
param relationshipManagerRole string = 'Relationship Manager'

@description('Name of the role of those who administer the hub.')
param administratorRole string = 'Webhook Administrator'

@description('For graph: the SharePoint site of the role list, as Graph names it (contoso.sharepoint.com,GUID,GUID).')
param sharepointSiteId string = ''

@description('For graph: name or id of the list that maps roles to groups.')
param sharepointRoleList string = 'UserRoles'

@description('Address of Microsoft Graph, if it is not the one of this cloud (a cloud may have several).')
param graphUrl string = ''

@description('Address of the Dataverse environment, such as https://contoso.crm.dynamics.com. Registering webhooks there, completing large events and graph need it.')
param dataverseUrl string = ''

@description('Events of Dataverse that are taken: patterns table.verb with commas between them, such as opportunity.*,account.created.')
param dynamicsEvents string = '*.*'

@description('Whether the user behind each event of Dataverse must be a Relationship Manager.')
param dynamicsEventsRole bool = false

@description('Ids of the Dataverse organizations that may send, with commas between them. Without one all may that have the key, a copied environment too.')
param dynamicsOrganizations string = ''

@description('Id of the Entra tenant whose access tokens are accepted. Without one it is the tenant of the subscription, if entraClientId or consoleClientId is given.')
param entraTenantId string = ''

@description('Application id that access tokens of callers are meant for. Without one no access token is accepted.')
param entraClientId string = ''

@description('Application id of the app registration with which people sign in to the console. Without one they come with an API key.')
param consoleClientId string = ''

@description('Mailbox that notices about disabled webhooks are sent from. Without one they are only logged.')
param noticeMailbox string = ''

@description('Domains that notices are sent to, with commas between them. Without one it is that of the mailbox.')
param noticeDomains string = ''

@minValue(0)
@description('After how many days events and their deliveries are removed; 0 keeps them.')
param retentionDays int = 90

@minValue(0)
@description('After how many days they lose payload and values earlier than that; 0: with the event.')
param retentionPayloadDays int = 0

// Without a value the platform would leave the function Retention out, so there always is one.
@description('When old events are removed, in UTC: second minute hour day month day-of-the-week.')
param retentionSchedule string = '0 30 3 * * *'

@description('The portal that ArcGIS tokens are checked at.')
param arcgisPortalUrl string = 'https://www.arcgis.com'

@description('Ids of the ArcGIS organizations whose users may call, with commas between them. Without one no ArcGIS token is accepted.')
param arcgisOrgIds string = ''

@description('Hosts of ArcGIS feature services that may be sent a token, with commas between them; a leading dot stands for all hosts of a domain.')
param arcgisServiceHosts string = '.arcgis.com'

@secure()
@description('Any other setting: an object such as {"MAX_WEBHOOKS": "500"}. It wins over the parameters above, not over what the deployment itself needs (storage, identity, secrets, telemetry). Name a secret by a reference to a vault.')
param extraSettings object = {}

// ----------------------------------------------------------------

// 13 lower-case letters and digits, which no other environment, region or subscription gets: names of storage accounts, vaults and apps are taken by
// whoever comes first, all over the world. In small letters, since the resource group of Test is that of test, and one group is to have one hub.
var token = uniqueString(subscription().id, toLower(environmentName), toLower(location), nameSalt)
var tags = union(extraTags, { 'azd-env-name': environmentName })
var packageContainer = 'app-package-${token}'
var signInTenantId = empty(entraTenantId) ? tenant().tenantId : entraTenantId

// The clouds have a Graph each, which the compiler's environment() does not know.
var graphUrls = {
  AzureCloud: 'https://graph.microsoft.com'
  AzureUSGovernment: 'https://graph.microsoft.us'
  AzureChinaCloud: 'https://microsoftgraph.chinacloudapi.cn'
}

// Without a value a setting is not written, and the app's default holds.
var chosenSettings = {
  ADMINISTRATOR_ROLE: administratorRole
  ARCGIS_ORG_IDS: arcgisOrgIds
  ARCGIS_PORTAL_URL: arcgisPortalUrl
  ARCGIS_SERVICE_HOSTS: arcgisServiceHosts
  DATAVERSE_URL: dataverseUrl
  DYNAMICS_EVENTS: dynamicsEvents
  DYNAMICS_EVENTS_ROLE: dynamicsEventsRole ? 'true' : 'false'
  DYNAMICS_ORGANIZATIONS: dynamicsOrganizations
  ENTRA_AUTHORITY: environment().authentication.loginEndpoint
  ENTRA_CLIENT_ID: entraClientId
  ENTRA_TENANT_ID: empty('${entraClientId}${consoleClientId}') ? entraTenantId : signInTenantId
  GRAPH_URL: empty(graphUrl) ? (graphUrls[?environment().name] ?? '') : graphUrl
  NOTICE_DOMAINS: noticeDomains
  NOTICE_MAILBOX: noticeMailbox
  OPENTELEMETRY: openTelemetry ? 'true' : 'false'
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
  // Threads that run functions in one process; the platform's default is too few where receivers hang (docs/settings.md).
  PYTHON_THREADPOOL_THREAD_COUNT: '192'
  RELATIONSHIP_MANAGER_ROLE: relationshipManagerRole
  RETENTION_DAYS: string(retentionDays)
  RETENTION_PAYLOAD_DAYS: string(retentionPayloadDays)
  RETENTION_SCHEDULE: empty(retentionSchedule) ? '0 30 3 * * *' : retentionSchedule
  ROLE_DIRECTORY: roleDirectory
  SHAREPOINT_ROLE_LIST: sharepointRoleList
  SHAREPOINT_SITE_ID: sharepointSiteId
}

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    sku: !empty(storageSku) ? storageSku : zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    packageContainer: packageContainer
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    retentionDays: logRetentionDays
    dailyQuotaGb: dailyQuotaGb
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    workspaceId: monitoring.outputs.workspaceId
    purgeProtection: purgeProtection
    recover: recoverVault
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    identityPrincipalId: identity.outputs.principalId
    operatorId: operatorAccess ? principalId : ''
    operatorType: principalType
  }
}

module site 'modules/site.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    identityName: identity.outputs.name
    storageName: storage.outputs.name
    packageContainer: packageContainer
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    zoneRedundant: zoneRedundant
    instanceMemoryMB: instanceMemoryMB
    maxInstances: maxInstances
    httpConcurrency: httpConcurrency
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyEventDispatch: alwaysReadyEventDispatch
    publicUrl: publicUrl
    consoleTenantId: signInTenantId
    consoleClientId: consoleClientId
    apiClientId: entraClientId
    chosenSettings: chosenSettings
    extraSettings: extraSettings
  }
  // Roles first, so that they have spread when the host opens storage, the platform reads the vault and the first package is uploaded.
  dependsOn: [roles]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    workspaceId: monitoring.outputs.workspaceId
    alertEmail: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

// azd writes these into the environment's .env, where hooks find them: names and addresses, never a secret. None is called AZURE_CLIENT_ID: hooks
// would hand it to azure-identity, which would look for that managed identity at the desk.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_SUBSCRIPTION_ID string = subscription().subscriptionId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_KEY_VAULT_ID string = vault.outputs.id
output SERVICE_HUB_NAME string = site.outputs.name
output SERVICE_HUB_URI string = site.outputs.url
output SERVICE_HUB_ID string = site.outputs.id
output STORAGE_TABLE_URI string = storage.outputs.tableUri
output STORAGE_QUEUE_URI string = storage.outputs.queueUri
output HUB_IDENTITY_NAME string = identity.outputs.name
output HUB_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output HUB_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
