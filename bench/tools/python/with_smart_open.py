"""smart_open: an HTTP body, or many small ones. The job is JSON on standard input."""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from smart_open import open

job = json.load(sys.stdin)
threads = job.get("atOnce", 1)
client = boto3.client("s3", config=Config(max_pool_connections=max(10, threads)))


def copy(url, key, **params):
    with (
        open(url, "rb", compression="disable") as source,
        open(
            f"s3://{job['bucket']}/{key}",
            "wb",
            compression="disable",
            transport_params={"client": client, **params},
        ) as target,
    ):
        shutil.copyfileobj(source, target, 1024 * 1024)


if "files" in job:
    with ThreadPoolExecutor(threads) as pool:
        # One PUT a file instead of an upload in parts, as its documentation says for small files.
        list(pool.map(lambda file: copy(file["url"], file["key"], multipart_upload=False), job["files"]))
else:
    copy(job["url"], job["key"])
