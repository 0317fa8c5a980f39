/** The sign that stands for a name: its first character, capital where the script has capitals. */
export function initial(name: string): string {
  const first = [...name.trim()][0]
  return first ? first.toLocaleUpperCase() : '?'
}
