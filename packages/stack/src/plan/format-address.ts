import type { Address } from './site.js';

export const formatAddress = ({ host, port }: Pick<Address, 'host' | 'port'>): string => `${host}:${port}`;
