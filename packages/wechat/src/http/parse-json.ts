export function parseWeChatJson(text: string): unknown {
  return JSON.parse(text);
}
