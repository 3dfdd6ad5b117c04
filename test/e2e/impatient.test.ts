// These run on a deployment whose gate stops waiting soon. First, and at the same time, the tests that wait until it
// does. Then one after another the tests of alarms, which use up the concurrency of its functions for a while.
import './impatient/late.ts';
import './impatient/alerts.ts';
