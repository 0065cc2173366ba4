// The plan (Flex Consumption), the function app on it, and the app's settings. Function keys are not made here: they are kept by the running
// host, which has none before code is deployed. A hook makes them.

param location string
param tags object
param token string

@description('Name of the app\'s identity.')
param identityName string

@description('Name of the storage account.')
param storageName string

@description('Name of the container with the package.')
param packageContainer string

@description('Name of the vault.')
param vaultName string

@description('Name of Application Insights.')
param insightsName string

param zoneRedundant bool
param instanceMemoryMB int
param maxInstances int
param httpConcurrency int
param alwaysReadyHttp int
param alwaysReadyEventDispatch int

@description('Where the world reaches the app; empty for the name that the platform gives it.')
param publicUrl string

@description('Tenant whose users sign in to the console.')
param consoleTenantId string

@description('Application id of the console\'s app registration; empty for a console without sign-in.')
param consoleClientId string

@description('Application id that access tokens of callers are meant for; empty where there is none.')
param apiClientId string

@description('Settings that were chosen, name to value; one without a value is left out, so that the app\'s default holds.')
param chosenSettings object

@secure()
@description('Further settings, name to value, which win over those; one without a value is left out.')
param extraSettings object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

// Instances that wait for work; all functions with an HTTP trigger share theirs.
var alwaysReady = filter(
  [
    {
      name: 'http'
      instanceCount: alwaysReadyHttp
    }
    {
      name: 'function:EventDispatch'
      instanceCount: alwaysReadyEventDispatch
    }
  ],
  group => group.instanceCount > 0
)

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-${token}'
  location: location
  // azd finds the app by this tag: the name of the service in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'hub' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    // Without it references are read with a system-assigned identity, which this app does not have. Inside siteConfig it does nothing.
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maxInstances
        alwaysReady: alwaysReady
        triggers: {
          http: {
            // The platform's default for Python is one request an instance.
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }
}

// Nobody deploys with a password: azd and workflows come with tokens.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

// A setting that the platform takes from the vault. Without a version the reference follows a new one.
var secret = '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/'

// What the app cannot run without, or not safely. They are merged last, so that nothing that was chosen replaces them.
var fixedSettings = {
  // Three addresses and the identity, and never AzureWebJobsStorage itself: the host would take it, empty or not, for a connection string.
  AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  // The same identity, for the app's own calls to Graph and Dataverse.
  AZURE_CLIENT_ID: identity.properties.clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  // No semicolon at the end: the exporter for Python takes what follows it for a member without a value, and drops the identity.
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
  // All settings are replaced each time, so these three are always written. Until a hook has made the secret, the reference is not resolved, and
  // counts as not set.
  SECRETS_KEY: '${secret}secrets-key)'
  CONSOLE_KEY: '${secret}console-key)'
  ARCGIS_HOOK_KEY: '${secret}arcgis-hook-key)'
  PUBLIC_URL: empty(publicUrl) ? 'https://${app.properties.defaultHostName}' : publicUrl
}

// Signing in to the console needs no secret of an app registration: the app's identity vouches for it.
var signInSettings = empty(consoleClientId)
  ? {}
  : {
      OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.properties.clientId
    }

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(
    toObject(filter(items(chosenSettings), one => !empty(one.value)), one => one.key, one => one.value),
    toObject(
      filter(items(extraSettings), one => !empty(string(one.value)) && toLower(one.key) != 'azurewebjobsstorage'),
      one => one.key,
      one => string(one.value)
    ),
    signInSettings,
    fixedSettings
  )
}

// Sign-in for the console. Nothing is refused by the platform: Dataverse and ArcGIS have no token, and the app judges every request itself.
resource signIn 'Microsoft.Web/sites/config@2024-04-01' = if (!empty(consoleClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: consoleClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: uri(environment().authentication.loginEndpoint, '${consoleTenantId}/v2.0')
        }
        validation: {
          // Callers of the API come with tokens that are not meant for the console; the platform is not to stop them.
          allowedAudiences: concat([consoleClientId], empty(apiClientId) ? [] : [apiClientId, 'api://${apiClientId}'])
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  // The setting that it names comes first.
  dependsOn: [settings]
}

output name string = app.name
output id string = app.id
output url string = 'https://${app.properties.defaultHostName}'
