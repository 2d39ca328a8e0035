// Plain JavaScript for old versions: an older Node must be able to read this far.
const majorMin = 24
if (Number(process.versions.node.split('.')[0]) < majorMin) {
  console.error(
    `This needs Node ${majorMin}, and ${process.execPath} is ${process.versions.node}. npm scripts use the Node\n` +
      'in node_modules/.bin, which npm installs as an optional dependency on Linux x64 and arm64:\n' +
      'run `npm ci` (without --omit=optional); on another system put Node 24 first in PATH.',
  )
  process.exit(1)
}
