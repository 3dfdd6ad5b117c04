// These run one after the other on a deployment of their own, because each of them disturbs every other run.
import './by-turns/workers.ts';
import './by-turns/stop.ts';
