/** Has a provider write a version. Its subject is the artifact; the payload names the version. */
export const generateJobKind = 'artifacts.generate'
