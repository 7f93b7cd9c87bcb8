# Runs inside the node's root file system: puts the images into containerd's store and writes the
# settings that depend on this containerd. $1: archive of images.
set -eu
ctr oci spec \
  | jq '.hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}]
        | del(.process.rlimits)' > /etc/containerd/cri-base.json
# No CRI here: it wants cgroups and a network, and importing needs neither.
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' > /tmp/containerd.toml
containerd --config /tmp/containerd.toml > /tmp/containerd.log 2>&1 &
tries=0
until ctr version > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ]; then cat /tmp/containerd.log; exit 1; fi
  sleep 0.2
done
ctr --namespace=k8s.io images import --no-unpack --digests --local "$1"
ctr --namespace=k8s.io images ls -q
kill %1 2> /dev/null || kill $!
wait || true
rm -rf /tmp/containerd.toml /tmp/containerd.log "$1" /run/containerd
