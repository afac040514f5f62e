/** Leaves are text exactly as WeChat sent it; a tag that repeats inside a nested element becomes an array. */
export interface XmlNode {
  readonly [name: string]: string | XmlNode | readonly (string | XmlNode)[];
}

export function readXml(_xml: string | Buffer): XmlNode {
  throw new Error('not yet');
}
