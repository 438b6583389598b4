/** A text without the passwords that connection strings in it may hold. */
export function redactCredentials(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@?#]*):[^\s/]*@/gi, '$1:***@')
    .replace(/\b(password|sslpassword)=('[^']*'|[^\s&]*)/gi, '$1=***');
}
