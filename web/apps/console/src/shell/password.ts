/** Checked here for a quick answer; the server has the last word. */
export const SHORTEST_PASSWORD = 10
