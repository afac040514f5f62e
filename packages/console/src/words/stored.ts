/** What the browser keeps of this operator's choices. Private windows may refuse; then a choice ends with the page. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It is not kept.
  }
}
