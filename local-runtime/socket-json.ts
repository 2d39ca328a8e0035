import { request } from 'node:http'

const bytesMax = 4 * 1024 * 1024

export type SocketQuestion = {
  socketPath: string
  path: string
  timeoutMs: number // for the whole answer
}

/** A program of ours answered, but does not know what it was asked: its code is older than ours. */
export class UnknownQuestion extends Error {
  override readonly name = 'UnknownQuestion'
}

/**
 * GETs JSON from another program of this stack at its unix socket.
 * @throws {UnknownQuestion} it answers 404
 * @throws {Error} nobody listens, or no whole answer came in time
 */
export function readSocketJson<T>({ socketPath, path, timeoutMs }: SocketQuestion): Promise<T> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const req = request({ socketPath, path, signal, agent: false }, (res) => {
      if (res.statusCode !== 200) {
        res.resume()
        const text = `${path} was answered ${res.statusCode}`
        reject(res.statusCode === 404 ? new UnknownQuestion(text) : new Error(text))
        return
      }
      let bytes = 0
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > bytesMax) req.destroy(new Error(`the answer to ${path} is too large`))
        else chunks.push(chunk)
      })
      res.on('error', reject)
      res.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as T)
        } catch (err) {
          reject(err)
        }
      })
    })
    req.on('error', reject)
    req.end()
  })
}
