import type { ChannelKind } from './channel.ts';
import type { PackMessage, ReadAnswer } from './channel-message.ts';
import { packDingtalk, readDingtalkAnswer } from './robot/dingtalk.ts';
import { packFeishu, readFeishuAnswer } from './robot/feishu.ts';
import { packGeneric, readGenericAnswer } from './robot/generic.ts';
import { packWecom, readWecomAnswer } from './robot/wecom.ts';

interface ChannelFormat {
  readonly pack: PackMessage;
  readonly readAnswer: ReadAnswer;
}

export const channelFormats: Readonly<Record<ChannelKind, ChannelFormat>> = {
  wecom: { pack: packWecom, readAnswer: readWecomAnswer },
  dingtalk: { pack: packDingtalk, readAnswer: readDingtalkAnswer },
  feishu: { pack: packFeishu, readAnswer: readFeishuAnswer },
  generic: { pack: packGeneric, readAnswer: readGenericAnswer },
};
