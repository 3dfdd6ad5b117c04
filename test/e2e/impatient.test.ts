// These run one after another on a deployment whose gate stops waiting soon: the alerts' tests use up the concurrency
// of its functions for a while.
import './impatient/alerts.ts';
import './impatient/late.ts';
