/** How WeChat is asked unless the config file, or whoever uses the library, says otherwise. */
export const sourceDefaults = {
  baseUrl: 'https://api.weixin.qq.com',
  /** Only beside the default `baseUrl`. */
  fallbackBaseUrl: 'https://api2.weixin.qq.com',
  /** Accounts fetched side by side. */
  concurrency: 8,
  ratePerSecond: 50,
  timeoutMs: 12_000,
  totalTimeoutMs: 180_000,
} as const;
