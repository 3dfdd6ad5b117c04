// On a deployment whose gate gives up soon, one after another: the alerts' tests leave no room for its functions for a while.
import './impatient/alerts.ts';
import './impatient/late.ts';
