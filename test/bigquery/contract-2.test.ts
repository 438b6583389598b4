import { describeBigqueryContract } from '../support/bigquery-contract.ts';

describeBigqueryContract({ index: 1, count: 2 });
