/** What WeChat writes as JSON; a bigint becomes a bare 64-bit number. */
export type WechatValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | WechatValue[]
  | { [name: string]: WechatValue | undefined };

/**
 * JSON the way WeChat writes it: `\/` for every slash, 64-bit numbers unquoted, and with `rawControls` the control
 * characters of user text raw, which makes the text invalid JSON (protocol §9, §10 rule 40).
 */
export function writeWechatJson(value: WechatValue, rawControls: boolean): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return writeText(value, rawControls);
  if (Array.isArray(value)) return `[${value.map((item) => writeWechatJson(item, rawControls)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members: string[] = [];
    for (const [name, member] of Object.entries(value)) {
      if (member !== undefined) members.push(`${writeText(name, false)}:${writeWechatJson(member, rawControls)}`);
    }
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

function writeText(text: string, rawControls: boolean): string {
  const written = rawControls ? `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"` : JSON.stringify(text);
  return written.replaceAll('/', '\\/');
}
