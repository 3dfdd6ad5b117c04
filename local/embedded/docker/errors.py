class DockerException(Exception):
    pass


class NotFound(DockerException):
    pass


class ImageNotFound(NotFound):
    pass
