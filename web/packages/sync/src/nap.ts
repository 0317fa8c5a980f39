/** A wait that can be cut short. */
export class Nap {
  private end = (): void => undefined

  take(ms: number): Promise<void> {
    return new Promise((resume) => {
      const timer = setTimeout(() => this.wake(), ms)
      this.end = () => {
        clearTimeout(timer)
        resume()
      }
    })
  }

  wake(): void {
    this.end()
  }
}
