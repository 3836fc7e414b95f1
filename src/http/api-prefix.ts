/** Where the API lives below the base URL; without slashes around it. */
export const API_PREFIX = 'api/auth';
