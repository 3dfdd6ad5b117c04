// On a deployment of their own, one after the other: each of them gets in the way of every other run.
import './by-turns/workers.ts';
import './by-turns/stop.ts';
