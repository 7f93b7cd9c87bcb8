"""The only code that talks to the API server.

What the rest of the house uses:

    paths.Resource            SERVICES DEPLOYMENTS SECRETS CONFIG_MAPS PODS ADDONS LEASES … ;
                              resource_of(kind: Kind) -> Resource

    client.connect(kubeconfig=None, context=None, *, limits=None) -> Client, or NoCluster
                              in the cluster, or from a kubeconfig; `async with await connect()`
    client.Client             every method: one request, a time limit, the answers below
      await get(resource, namespace, name) -> Mapping | None            None: 404
      await apply(Apply) -> Mapping                                     the object as stored
      await apply_status(namespace, name, resource_version, status) -> Mapping
      await delete(Delete) -> None                                      gone already is success
      await merge(resource, namespace, name, body) -> Mapping           an app to restart
      pages(words.Scope) -> AsyncGenerator[Page]; watch(Scope, version=…, …) of WatchEvent
      client.on_request = callback(verb, kind, code, seconds)           metrics; code 0: no answer
      client.may_write = callback() -> bool                             the lease's fence

    answers.Refused           .refusal: facts.Refusal; final until something changes
    answers.Retry             .after: seconds that the server asks for, 0.0 where it names none
    answers.Stale             the addon changed since it was read (resourceVersion)
    answers.Gone              the very object (uid) is not there any more, or another one is
    answers.NotLeading        a write was tried without the lease
                              (all are answers.Answer, with .message and .target; the rest of
                              them, Exists and Expired, are met inside of kube/ only)

    projections.fact_of(raw) -> Fact       child or app's own, by labels
    projections.service_fact(raw), deployment_fact(raw), pod_fact(raw), replica_set_fact(raw)
    users.secret_fact(raw), app_fact(raw), config_map_fact(raw), started_at(raw of a pod, …)

    reflector.Reflector(client, resource, on_change: callback(old, new), *, pace=Pace())
      await run()             until cancelled; call it in a task of its own
      .synced: asyncio.Event  set when the first list is complete, and it stays set
      .age() -> float         seconds since the API server's last word, inf before the first
      .get(ref) -> Fact | None
      .of_addon(namespace, addon) -> tuple[Fact, ...]      children, by label
      .of_uid(uid) -> tuple[Fact, ...]                     user's objects that carry uid's mark
      .facts() -> Iterable[Fact]
      .observe(raw, *, tell=True) -> Fact | None           read your own writes; None: the
                              object carries our label no more (given back), or a newer word
                              said that it is gone
      .forget(ref, uid)                                    the server said Gone
      on_change(old: Fact | None, new: Fact | None) is synchronous; it is not called where only the
      resourceVersion differs

    events.Recorder(client, instance).tell(About(namespace, name, uid), Note) -> None, never raises

    lease.Leadership(client, namespace, name, identity, on_lost=…, timing=Timing())
                              (main ends the process in on_lost; a thread does it if it hangs)
      await acquire()         returns as the leader, renewing in the background
      .holds() -> bool        the fence for Client.may_write
      await release()         hands over at once

    kubeconfig.login(kubeconfig=None, context=None) -> Login, or Unusable
    blocking_reader.BlockingReader(Login)    reads only, imported in no time: the command line's
      addon(namespace, name) -> Mapping; addons(namespace) -> list; events(namespace, uid) -> list
                              CannotRead and its NotThere, NoSuchResource, NotAllowed
"""
