declare module 'autocannon' {
  type Options = {
    url: string
    socketPath: string
    headers: Record<string, string>
    connections: number
    duration: number // seconds
  }
  type Result = { requests: { average: number }; non2xx: number; errors: number }
  export default function autocannon(options: Options): Promise<Result>
}
