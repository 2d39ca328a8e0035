// Names of web standards that @types/node has only as values or inside other types. The library
// `webworker` is not used: its RequestInit lacks `duplex`, without which no body can be streamed.
type CryptoKey = import('node:crypto').webcrypto.CryptoKey
type BodyInit = NonNullable<RequestInit['body']>
type HeadersInit = NonNullable<RequestInit['headers']>
type BlobPart = NonNullable<ConstructorParameters<typeof Blob>[0]>[number]
