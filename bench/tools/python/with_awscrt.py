"""s3transfer over AWS's common runtime: an HTTP body, or many small ones. The job is JSON on standard input."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import botocore.session
import urllib3
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

job = json.load(sys.stdin)
threads = job.get("atOnce", 1)
http = urllib3.PoolManager(maxsize=threads, ca_certs=job.get("caFile"))
session = botocore.session.get_session()
region = session.get_config_variable("region")
credentials = BotocoreCRTCredentialsWrapper(session.get_credentials())
client = create_s3_crt_client(
    region=region,
    crt_credentials_provider=credentials.to_crt_credentials_provider(),
    use_ssl=job["endpoint"].startswith("https:"),
    verify=job.get("caFile"),
)
serializer = BotocoreCRTRequestSerializer(session, {"region_name": region, "endpoint_url": job["endpoint"]})

with CRTTransferManager(client, serializer) as manager:

    def small(file):
        body = http.request("GET", file["url"])
        assert body.status == 200, body.status
        manager.upload(io.BytesIO(body.data), job["bucket"], file["key"]).result()

    if "files" in job:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(small, job["files"]))
    else:
        body = http.request("GET", job["url"], preload_content=False)
        assert body.status == 200, body.status
        manager.upload(body, job["bucket"], job["key"]).result()
