/** Where the contestants' servers are; both by unix socket, which is the fastest way for all of them. */
export type Servers = {
  postgres: { host: string; port: number; user: string; password: string; database: string }
  redis: { path: string; password: string }
}

/** What a contestant was tuned to. */
export type Settings = Record<string, number>

/** Called on the first line of a handler, with the number that its job carries. */
export type OnJob = (number: number) => void

/** What a worker is tuned for: to end a backlog, or to start a lonely job at once. */
export type Goal = 'throughput' | 'latency'

export type Bytes = {
  hot: number // what workers search, indexes included
  kept: number // what stays of finished jobs elsewhere
}

/** One queue, on an empty database and an empty Redis. Jobs carry `{ number }` and do nothing. */
export type Contestant = {
  /** Queues the jobs 0 to `count - 1` in bulk; all are acknowledged when it resolves. */
  enqueue(count: number): Promise<void>
  /** Queues one job as a program would that has only this one; resolves when that is acknowledged. */
  enqueueOne(number: number): Promise<unknown>
  /** Starts working in this process. `stop` waits for what runs. */
  work(onJob: OnJob, goal: Goal): Promise<{ stop(): Promise<unknown> }>
  /** Whether nothing waits, runs, or is still to be written as done. */
  isDrained(): Promise<boolean>
  bytes(): Promise<Bytes>
  close(): Promise<void>
}

/** What each contestant's file exports. */
export type ContestantModule<Tuned extends Settings = Settings> = {
  settings: Tuned
  open(servers: Servers, settings: Tuned): Promise<Contestant>
}
