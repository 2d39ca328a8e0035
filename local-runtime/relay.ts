import { loadConfig, prepareHome } from './config.ts'
import { startRelay } from './relay/server.ts'
import { reportToSupervisor } from './supervisor/channel.ts'

// One process: it starts before Caddy, whose log it reads, and ends after it.
const config = loadConfig()
prepareHome(config)
const { url, password, socket } = config.redis
const relay = await startRelay({
  run: config.paths.run,
  redis: {
    url,
    ...(password === null ? {} : { password: password.reveal() }),
    ...(socket === null ? {} : { socket }),
  },
})
reportToSupervisor({ isDrained: () => relay.close() })
