/** Path of the API below the base URL, without leading and trailing slashes. */
export const API_PREFIX = 'api/auth';
