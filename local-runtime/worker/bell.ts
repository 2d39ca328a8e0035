/** Wakes one who waits. A ring that nobody waits for is heard by the next wait. */
export class Bell {
  private rung = Promise.withResolvers<void>()
  private isRung = false

  ring(): void {
    if (this.isRung) return
    this.isRung = true
    this.rung.resolve()
  }

  /** @param msMax how long to wait without a ring; `null`: for ever */
  async wait(msMax: number | null): Promise<void> {
    const timer = msMax === null ? undefined : setTimeout(() => this.ring(), msMax)
    await this.rung.promise
    clearTimeout(timer)
    this.rung = Promise.withResolvers()
    this.isRung = false
  }
}
