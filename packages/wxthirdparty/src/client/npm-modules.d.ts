// Two modules without types: the parts that this package uses.

declare module 'wechat-api' {
  class WechatApi {
    appid: string;
    endpoint: string;
    fileServerPrefix: string;
    defaults: WechatApi.RequestOptions;
    token: WechatApi.AccessToken;
    constructor(appid: string, appsecret: string);
    request(url: string, options: WechatApi.RequestOptions | WechatApi.Answered, callback?: WechatApi.Answered): void;
    setOpts(options: WechatApi.RequestOptions): void;
    setEndpoint(domain: string): void;
    preRequest(method: (...args: unknown[]) => void, args: ArrayLike<unknown>, retried?: boolean): void;
    getAccessToken(callback: WechatApi.Answered): void;
    getLatestToken(callback: WechatApi.Answered): void;
    _uploadImage(filepath: string, callback: WechatApi.Answered): void;
    registerTicketHandle(
      get?: (type: string, callback: WechatApi.Answered) => void,
      save?: (type: string, ticket: unknown, callback: WechatApi.Answered) => void,
    ): void;
    static AccessToken: new (
      accessToken: string,
      expireTime: number,
    ) => WechatApi.AccessToken;
  }

  namespace WechatApi {
    type Answered = (error: Error | null, data?: unknown, response?: unknown) => void;

    /** Options of npm urllib. */
    interface RequestOptions {
      readonly timeout?: number;
      readonly headers?: object;
    }

    interface AccessToken {
      accessToken: string;
      /** Unix milliseconds. */
      expireTime: number;
      isValid(): boolean;
    }
  }

  export = WechatApi;
}

declare module 'urllib' {
  function request(
    url: string,
    options: object,
    callback: (error: Error | null | undefined, data?: unknown, response?: { readonly status?: number }) => void,
  ): void;
  const urllib: { readonly request: typeof request };
  export default urllib;
}
