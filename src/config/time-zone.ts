import { didYouMean } from '../did-you-mean.ts';

export const DEFAULT_TIME_ZONE = 'Asia/Shanghai';

/**
 * True for a name of the tz database that means one place's time: one with a `/`, UTC, or a link
 * that names a country or place. Abbreviations are refused though Node and databases take them:
 * `CST` is Chicago there, and Shanghai to its users.
 */
export function isTimeZone(name: string): boolean {
  // Node needs some milliseconds to look up the first zone.
  if (name === DEFAULT_TIME_ZONE) return true;
  if (!placeLinks.has(name) && !/^[A-Za-z]\w*\/[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The name that somebody who wrote a wrong one most likely means. */
export function likelyTimeZone(text: string): string {
  const word = text.trim();
  const known = likelyByAbbreviation.get(word.toUpperCase()) ?? zoneOfOffset(word);
  if (known !== undefined) return known;
  const zones = Intl.supportedValuesOf('timeZone');
  const place = lastPart(word);
  return (
    zones.find((zone) => lastPart(zone) === place) ??
    likelyByPlace.get(place) ??
    didYouMean(word, zones) ??
    'Asia/Shanghai'
  );
}

/** Links without a `/` that are no abbreviation. */
const placeLinks = new Set(
  `UTC Universal Zulu PRC ROC ROK Hongkong Singapore Japan Cuba Egypt Eire GB GB-Eire Iceland Iran Israel Jamaica Kwajalein
   Libya NZ NZ-CHAT Navajo Poland Portugal Turkey W-SU`.split(/\s+/),
);

const likelyByAbbreviation = new Map(
  Object.entries({
    'Asia/Shanghai': 'CST BJT CT',
    'Asia/Hong_Kong': 'HKT',
    'Asia/Singapore': 'SGT',
    'Asia/Tokyo': 'JST',
    'Asia/Seoul': 'KST',
    'Asia/Kolkata': 'IST',
    'America/New_York': 'EST EDT EST5EDT ET',
    'America/Chicago': 'CDT CST6CDT',
    'America/Denver': 'MST MDT MST7MDT MT',
    'America/Los_Angeles': 'PST PDT PST8PDT PT',
    'Pacific/Honolulu': 'HST',
    'Europe/London': 'BST',
    'Europe/Berlin': 'CET CEST MET MEZ',
    'Europe/Lisbon': 'WET WEST',
    'Europe/Helsinki': 'EET EEST',
    'Europe/Moscow': 'MSK',
    UTC: 'GMT Z UCT GREENWICH GMT0 GMT+0 GMT-0 UTC+0 UTC+00:00',
  }).flatMap(([zone, names]) => names.split(' ').map((name) => [name, zone] as const)),
);

const likelyByPlace = new Map([
  ['beijing', 'Asia/Shanghai'],
  ['peking', 'Asia/Shanghai'],
  ['shenzhen', 'Asia/Shanghai'],
  ['guangzhou', 'Asia/Shanghai'],
  ['china', 'Asia/Shanghai'],
]);

/** China is where most accounts are; of another offset nobody can tell the place. */
function zoneOfOffset(text: string): string | undefined {
  const offset = /^(?:UTC|GMT)?([+-])0?(\d{1,2})(?::?00)?$/i.exec(text);
  if (offset === null) return undefined;
  if (offset[2] === '0') return 'UTC';
  return offset[1] === '+' && offset[2] === '8' ? 'Asia/Shanghai' : undefined;
}

function lastPart(name: string): string {
  return (name.split('/').at(-1) ?? '').toLowerCase().replaceAll(' ', '_');
}
