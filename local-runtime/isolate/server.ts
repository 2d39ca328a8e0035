import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { ownProblem, refuse, refuseOnSocket, sendRawProblem } from './problem.ts'
import { type ParserError, readRefusedConnect, readRefusedUrl } from './refused-request.ts'
import { type Deadlines, Requests } from './requests.ts'
import { isStreamed, pipeBody } from './streamed-body.ts'

/** What answers at one socket. */
export type Fetch = (request: Request) => Response | Promise<Response>

export type FunctionServerOptions = {
  fetch: Fetch
  log: Log
  deadlines: Deadlines
  /** Called before each request enters the function. */
  onEnter?: () => void
}

// Longer than the 1 s after which Caddy drops an idle connection: only the proxy closes them, so that no
// request ever meets a connection that we are closing.
const keepAliveTimeoutMs = 30_000
const headersTimeoutMs = 15_000

/** One function's HTTP server on an inherited or new socket. Every reply that it makes itself is problem+json. */
export class FunctionServer {
  readonly #server: Server
  readonly #requests: Requests
  #isDraining = false
  /** The request that enters in this turn: what its listener throws at once does not say which it was. */
  #entering: IncomingMessage | null = null

  constructor({ fetch, log, deadlines, onEnter }: FunctionServerOptions) {
    this.#requests = new Requests(deadlines, log)
    const listener = getRequestListener(
      (request, { outgoing }) => {
        onEnter?.()
        return this.#answer(fetch(request), outgoing as ServerResponse, log)
      },
      {
        errorHandler: (err) => this.#failed(err, log),
      },
    )
    this.#server = createServer({
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: 0, // see Requests: a body may take long as long as it comes
    })
    this.#server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (this.#isDraining) res.setHeader('Connection', 'close')
      this.#requests.add(req, res)
      // No function asks where it is mounted, and a Host such as `x:99999` makes no URL.
      req.headers.host = 'localhost'
      this.#entering = req
      void listener(req, res)
      this.#entering = null
    })
    // An expectation that we do not know may be ignored (RFC 9110, 10.1.1); Node would answer in plain text.
    this.#server.on('checkExpectation', (req, res) => this.#server.emit('request', req, res))
    this.#server.on('clientError', (err: ParserError, socket: Duplex) =>
      sendRawProblem(err, socket, log),
    )
    this.#server.on('connect', (req: IncomingMessage, socket: Duplex) =>
      refuseOnSocket(readRefusedConnect(req), socket, log),
    )
  }

  /** Resolves when connections are accepted. */
  listen(at: { fd: number } | { path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(at, resolve)
    })
  }

  get inFlight(): number {
    return this.#requests.size
  }

  /**
   * Stops accepting, lets every request finish and every idle connection be closed by the other side.
   * `server.close()` would drop idle connections at once, and with them requests that are on their way.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true
    const closed = new Promise<void>((resolve) => this.#server.once('close', resolve))
    net.Server.prototype.close.call(this.#server)
    // The proxy keeps an idle connection for 1 s; whoever keeps one longer has nothing under way.
    const idle = setTimeout(() => this.#closeIdle(), 1_500)
    const late = setTimeout(() => this.#server.closeAllConnections(), deadlineMs)
    await closed
    clearTimeout(idle)
    clearTimeout(late)
    this.#requests.close()
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections()
    if (this.#server.listening || this.inFlight > 0)
      setTimeout(() => this.#closeIdle(), 100).unref()
  }

  async #answer(
    reply: Response | Promise<Response>,
    res: ServerResponse,
    log: Log,
  ): Promise<Response> {
    const response = await reply
    if (res.headersSent || res.destroyed) {
      // The deadline has answered already; the function's late body is not wanted.
      void response.body?.cancel().catch(() => {})
      return RESPONSE_ALREADY_SENT
    }
    if (!isStreamed(response)) return response
    await pipeBody(response, res, log)
    return RESPONSE_ALREADY_SENT
  }

  #failed(err: unknown, log: Log): Response {
    if (err instanceof RequestError && this.#entering)
      return refuse(readRefusedUrl(this.#entering), log)
    log.error('The function let an error escape', { code: 'internal' }, err)
    return ownProblem('internal')
  }
}
