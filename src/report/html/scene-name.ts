import { html, type Markup } from './markup.ts';

/** Longer names are shortened where there is no room. */
const LONG_NAME = 24;
/** A bar shows no more of a name. */
const GLANCE = 64;

/** Characters that nobody sees, but the joiner inside of an emoji. */
const UNSEEN = /(?<!\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})\u200d|(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A scene's name as it is; beside it, which of its characters nobody sees. */
export function nameMarkup(name: string): Markup {
  return html`${bareName(name)}${unseenIn(name)}`;
}

/** The name alone. */
export function bareName(name: string): Markup {
  if (!isLong(name)) return html`<bdi lang="zh">${name}</bdi>`;
  return html`<bdi lang="zh" class="long" title="${name}">${name}</bdi>`;
}

/** As much of a name as one reads at a glance. */
export function glance(name: string): string {
  const characters = [...name.slice(0, 2 * GLANCE + 2)];
  return characters.length > GLANCE ? `${characters.slice(0, GLANCE).join('')}…` : name;
}

function isLong(name: string): boolean {
  return name.length > LONG_NAME && [...name.slice(0, 2 * LONG_NAME + 2)].length > LONG_NAME;
}

function unseenIn(name: string): Markup | null {
  const found = new Set(name.match(UNSEEN));
  if (found.size === 0) return null;
  const codes = [...found].map((character) => {
    return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
  return html` <span class="note">invisible: ${codes.slice(0, 5).join(' ')}</span>`;
}
