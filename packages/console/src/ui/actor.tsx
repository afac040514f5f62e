import { actorWords } from '../words/actor-words.ts';
import { useWords } from '../words/define-words.ts';

interface Props {
  /** As the audit names it. */
  readonly id: string;
  /** Of the key; an older gateway sends none. */
  readonly name?: string | null;
}

/** What did something. A key is named; its id is in the tip. */
export function Actor({ id, name }: Props) {
  const words = useWords(actorWords);
  switch (id) {
    case 'owner':
      return <span>{words.owner}</span>;
    case 'unknown':
      return <span>{words.unknownActor}</span>;
    case 'command-line':
      return <span>{words.commandLine}</span>;
    default:
      return <span data-tip={id}>{words.ofKey(name ?? id.replace(/^key:/, ''))}</span>;
  }
}
