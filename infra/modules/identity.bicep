// The identity of the app. It is user-assigned, so that it exists before the site does: its roles have time to spread, and its client id
// stays the same, for the application user in Dataverse and for Graph, when the site is made anew.

param location string
param tags object
param token string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${token}'
  location: location
  tags: tags
}

output name string = identity.name
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
