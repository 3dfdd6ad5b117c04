"""boto3: upload_fileobj of an HTTP body; put_object for many small ones. The job is JSON on standard input."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
import urllib3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

job = json.load(sys.stdin)
threads = job.get("atOnce", 1)
http = urllib3.PoolManager(maxsize=threads, ca_certs=job.get("caFile"))
client = boto3.client("s3", config=Config(max_pool_connections=max(10, threads)))


def small(file):
    body = http.request("GET", file["url"])
    assert body.status == 200, body.status
    client.put_object(Bucket=job["bucket"], Key=file["key"], Body=body.data)


if "files" in job:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(small, job["files"]))
else:
    sizes = {"preferred_transfer_client": "classic"}
    if "connections" in job:
        sizes["max_concurrency"] = job["connections"]
    if "partMib" in job:
        sizes["multipart_chunksize"] = job["partMib"] * 1024 * 1024
    body = http.request("GET", job["url"], preload_content=False)
    assert body.status == 200, body.status
    client.upload_fileobj(body, job["bucket"], job["key"], Config=TransferConfig(**sizes))
