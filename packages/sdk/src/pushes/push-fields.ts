/** For each type of push the tags that WeChat documents for it, beside those of every push (protocol §1.5). */
export interface PushFields {
  'message.text': { readonly Content: string; readonly bizmsgmenuid?: string };
  'message.image': { readonly PicUrl: string; readonly MediaId: string };
  'event.subscribe': { readonly EventKey?: string; readonly Ticket?: string };
  'event.scan': { readonly EventKey: string; readonly Ticket: string };
}
