import { describeBigqueryContract } from '../support/bigquery-contract.ts';

describeBigqueryContract({ index: 0, count: 2 });
