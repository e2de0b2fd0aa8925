"""Takes secrets out of what Azure returned before anything is stored, and names out of snapshots that leave the house."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from scanner import ids
from scanner.snapshot import Record, Snapshot, from_records, record

REDACTED = "[redacted]"

# Names that hold secrets wherever they stand. Names of settings about keys are let through by `_HARMLESS`.
_SECRET_NAME = re.compile(
    r"password|passwd|secret|token|credential|connectionstring|instrumentationkey|(account|access|admin|shared|api|master|readonly|endpoint|function|host|query)keys?\d?$"
    r"|(primary|secondary)[a-z]*keys?\d?$|signature|privatekey|certificate|keyvalue|kubeconfig",
    re.IGNORECASE,
)
_SAS_NAME = re.compile(r"(^sas|Sas|SAS)(?![a-z])")
_HARMLESS = re.compile(
    r"^(allowsharedkeyaccess.*|credentialstype|credentials|disablelocalauth|keyvault.*|.*authtype|.*authmode|sastokenexpiry.*|defaulttooauthauthentication"
    r"|systemdatastoresauthmode|serviceddataaccessauthidentity|enablesecret.*|softdelete.*|secretpermissions|sasexpirationperiod|saspolicy"
    r"|keypolicy|keyexpirationperiodindays|publicnetworkaccess|tokenizationtype|allowedcopyscope|.*isolationmode|haspassword|hassshpassword|passwordauth)$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    rb"[?&](sig|sv|code|sharedaccesssignature)=|accountkey=|sharedaccesskey=|instrumentationkey=|password=|pwd="
    rb"|://[^/?#@\s:\"]+:[^/?#@\s\"]+@|-----BEGIN [a-z ]*PRIVATE KEY|\beyJ[\w-]{8,}\.eyJ|\bgh[pousr]_\w{20}|\bdapi[0-9a-f]{30}",
    re.IGNORECASE,
)
# A row is looked at when one of these is in it, all in lower case and found far faster than one large pattern is tried ...
_WORDS = (
    b"password", b"passwd", b"secret", b"token", b"credential", b"connectionstring", b"instrumentationkey", b"sas", b"signature", b"certificate",
    b"keyvalue", b"kubeconfig", b"headers", b"environmentvariables", b"environment_variables", b"sig=", b"sv=", b"code=", b"pwd=", b"accountkey=",
    b"sharedaccesskey=", b"-----begin", b"gho_", b"ghp_", b"ghr_", b"ghs_", b"ghu_",
)  # fmt: skip
# ... or one of these patterns, each tried only where the word before it occurs. Rows of the types named here always are.
_PATTERNS = (
    (b"key", re.compile(rb"keys?\d?\"")),
    (b"@", re.compile(rb"://[^/?#@\s:\"]+:[^/?#@\s\"]+@")),
    (b"eyj", re.compile(rb"eyj[\w-]{8,}\.eyj")),
    (b"dapi", re.compile(rb"dapi[0-9a-f]{30}")),
    (b"/jobs/", re.compile(rb"/jobs/[^/\"]+\"")), (b"/schedules/", re.compile(rb"/schedules/[^/\"]+\"")),
    (b"/computes/", re.compile(rb"/computes/[^/\"]+\"")), (b"/connections/", re.compile(rb"/connections/[^/\"]+\"")),
    (b"/datastores/", re.compile(rb"/datastores/[^/\"]+\"")), (b"/deployments/", re.compile(rb"/deployments/[^/\"]+\"")),
    (b"/components/", re.compile(rb"/components/[^/\"]+\"")), (b"/tasks/", re.compile(rb"/tasks/[^/\"]+\"")),
    (b"/localusers/", re.compile(rb"/localusers/[^/\"]+\"")), (b"/diagnosticsettings/", re.compile(rb"/diagnosticsettings/[^/\"]+\"")),
    (b"/budgets/", re.compile(rb"/budgets/[^/\"]+\"")),
)  # fmt: skip
_VALUE_HINTS = ("=", "@", "-----", "eyj", "gh", "dapi")  # each match of `_SECRET_VALUE` holds one, in lower case
# Maps whose values are the user's own text and may be anything; names are kept, values are not.
_FREE_MAPS = {"environmentvariables", "credentials", "customkeys", "secrets", "keys", "querykeys", "headers"}
_KEPT_IN_CREDENTIALS = {"credentialstype", "tenantid", "authorityurl", "resourceurl", "clientid", "resourceid"}
# What an application signs in with: that it exists, what it is and when it ends. Not its hint, which begins the secret.
_SIGN_INS = {"passwordcredentials", "keycredentials"}
_KEPT_OF_SIGN_INS = {"keyid", "startdatetime", "enddatetime", "type", "usage"}
_BINDING = re.compile(r"\$\{\{[\w.\s-]+\}\}")  # `${{parent.inputs.raw}}`: where a step's input comes from
_LINEAGE = ("azureml.", "_azureml.", "mlflow.")  # what the service itself writes into a job's free `properties`
# A model by its id, as jobs say there what they tune; no secret has that shape.
_BASE_MODEL = re.compile(r"azureml:(//?[\w./-]+|[\w.-]+:[\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """The properties of a type that are kept, by name at any depth, case and underscores aside; the rest is blanked.

    In `maps` the keys are the user's and the values are looked at again; of plain text there only bindings are kept.
    """

    names: frozenset[str]
    maps: frozenset[str] = frozenset()


def _allowed(names: str, maps: str = "") -> _Allowed:
    return _Allowed(frozenset(names.split()), frozenset(maps.split()))


_RUNS = """
 jobtype type name displayname experimentname status provisioningstate computeid compute defaultcompute defaultcomputetarget defaultdatastore componentid
 environmentid environment codeid code sourcejobid isarchived identity identitytype clientid objectid principalid resourceid jobinputtype joboutputtype
 uri path mode assetname assetversion resources instancecount instancetype instancetypes maxinstancecount locations shmsize runtimeversion queuesettings jobtier
 priority distribution distributiontype processcountperinstance workercount parameterservercount limits joblimitstype timeout trialtimeout
 maxtotaltrials maxconcurrenttrials settings services jobservicetype endpoint port nodes trial objective goal primarymetric earlytermination
 samplingalgorithm samplingalgorithmtype taskdetails tasktype trainingdata validationdata testdata finetuningdetails modelprovider model
 referencetype assetid datastoreid jobid outputaction outputfilename deploymentconfiguration deploymentconfigurationtype errorthreshold
 logginglevel maxconcurrencyperinstance minibatchsize retrysettings maxretries codeconfiguration scoringscript appinsightsenabled
 egresspublicnetworkaccess privatenetworkconnection endpointcomputetype modelmountpath scalesettings scaletype mininstances maxinstances
 targetutilizationpercentage pollinginterval requestsettings maxconcurrentrequestsperinstance maxqueuewait requesttimeout livenessprobe
 readinessprobe startupprobe failurethreshold successthreshold initialdelay period datacollector datacollectionmode dataid samplingrate
 rollingrate requestlogging captureheaders isenabled trigger triggertype expression starttime endtime timezone frequency interval schedule
 hours minutes monthdays weekdays action actiontype jobdefinition monitordefinition computeconfiguration computetype computeidentity
 computeidentitytype monitoringtarget deploymentid modelid signaltype productiondata referencedata inputdataset datacontext columns
 ratelimits containerresourcerequirements cpu gpu memory containerresourcelimits createdby createdat
"""
_RUN_MAPS = "inputs outputs jobs collections signals services searchspace"
_RUN = _allowed(_RUNS, _RUN_MAPS)
_ML = "microsoft.machinelearningservices/workspaces/"
# The types known to carry secrets, or text of the user's that may hold any.
_TYPES: Mapping[str, _Allowed] = {
    _ML + "jobs": _RUN, _ML + "schedules": _RUN, _ML + "onlineendpoints/deployments": _RUN, _ML + "batchendpoints/deployments": _RUN,
    _ML + "computes": _allowed("""
 computetype computelocation disablelocalauth isattachedcompute resourceid provisioningstate createdon modifiedon properties vmsize vmpriority
 scalesettings maxnodecount minnodecount nodeidletimebeforescaledown currentnodecount targetnodecount nodestatecounts idlenodecount
 leavingnodecount preemptednodecount preparingnodecount runningnodecount unusablenodecount subnet id enablenodepublicip isolatednetwork
 remoteloginportpublicaccess ostype allocationstate applicationsharingpolicy sshsettings sshpublicaccess adminusername sshport
 computeinstanceauthorizationtype personalcomputeinstancesettings assigneduser objectid tenantid createdby userid userorgid state
 idletimebeforeshutdown schedules computestartstop action triggertype status provisioningstatus cron recurrence expression timezone starttime
 frequency interval schedule hours minutes weekdays setupscripts scripts creationscript startupscript scriptsource timeout lastoperation
 operationname operationstatus operationtime operationtrigger datamounts source sourcetype mountname mountaction mountpath mountstate
 createdat enablesso enablerootaccess enableospatching osimagemetadata currentimageversion latestimageversion islatestosimageversion connectivityendpoints
 publicipaddress privateipaddress customservices name image reference type namespace defaultinstancetype resources extensionprincipalid
 extensioninstancereleasetrain vcname agentcount agentvmsize clusterfqdn clusterpurpose loadbalancertype loadbalancersubnet
 aksnetworkingconfiguration subnetid servicecidr dnsserviceip dockerbridgecidr sslconfiguration leafdomainlabel cname poolname workspacename
 resourcegroup subscriptionid nodesize nodesizefamily nodecount sparkversion autoscaleproperties autopauseproperties enabled delayinminutes
 workspaceurl address isnotebookinstancecompute virtualmachinesize datalakestoreaccountname systemservices systemservicetype version
""", "instancetypes nodeselector limits requests"),
    _ML + "connections": _allowed("""
 authtype category target metadata resourceid apitype apiversion location kind issharedtoall shareduserlist useworkspacemanagedidentity
 expirytime group pestatus perequirement createdbyworkspacearmid accountname containername
"""),
    _ML + "datastores": _allowed("""
 datastoretype accountname containername filesystem filesharename storename onelakeworkspacename artifact artifacttype artifactname endpoint protocol
 resourcegroup subscriptionid isdefault servicedataaccessauthidentity description
"""),
    "microsoft.insights/components": _allowed("""
 applicationtype flowtype requestsource workspaceresourceid ingestionmode publicnetworkaccessforingestion publicnetworkaccessforquery
 disablelocalauth disableipmasking retentionindays samplingpercentage provisioningstate creationdate tenantid ver
 privatelinkscopedresources resourceid scopeid forcecustomerstorageforprofiler
"""),
    "microsoft.insights/diagnosticsettings": _allowed("""
 workspaceid storageaccountid eventhubauthorizationruleid eventhubname marketplacepartnerid servicebusruleid loganalyticsdestinationtype logs metrics
 category categorygroup enabled retentionpolicy days timegrain
"""),
    # not whom a notification is sent to
    "microsoft.consumption/budgets": _allowed("""
 category amount timegrain timeperiod startdate enddate currentspend forecastspend unit
"""),
    "microsoft.containerregistry/registries/tokens": _allowed("""
 creationdate provisioningstate scopemapid status credentials passwords certificates name expiry creationtime thumbprint
"""),
    "microsoft.containerregistry/registries/tasks": _allowed("""
 creationdate provisioningstate status platform os architecture variant agentpoolname agentconfiguration cpu timeout issystemtask step type
 imagenames ispushenabled nocache dockerfilepath taskfilepath target arguments values name issecret trigger baseimagetrigger
 baseimagetriggertype sourcetriggers sourcetriggerevents sourcerepository branch sourcecontroltype timertriggers schedule loginmode
"""),
    "microsoft.storage/storageaccounts/localusers": _allowed("""
 permissionscopes permissions service resourcename homedirectory hassharedkey hassshkey hassshpassword allowaclauthorization groupid userid
 isnfsv3enabled sshauthorizedkeys
"""),
}  # fmt: skip


def redact(body: bytes) -> bytes:
    """The JSON object without secrets. Untouched, byte for byte, when nothing in it looks like one."""
    if not may_hold(body):
        return body
    found = msgspec.json.decode(body)
    if isinstance(found, dict) and isinstance(found.get("id"), str) and isinstance(found.get("properties"), dict):
        allowed = _TYPES.get(ids.resource_type(ids.fold(found["id"])))
        if allowed is not None:
            rest = {key: value for key, value in found.items() if key != "properties"}
            kept = {"properties": _listed(found["properties"], "", allowed)}
            return msgspec.json.encode({**_clean(rest, ""), **kept})
    return msgspec.json.encode(_clean(found, ""))


def may_hold(body: bytes) -> bool:
    """Whether a row, or one of a page of rows, needs to be looked at; rather once too often."""
    lower = body.lower()
    for word in _WORDS:
        if word in lower:
            return True
    return any(word in lower and pattern.search(lower) for word, pattern in _PATTERNS)


def _plain(name: str) -> str:
    """`environment_variables` and `environmentVariables` are one name."""
    return name.replace("_", "").lower()


def _listed(value: Any, name: str, allowed: _Allowed) -> Any:
    """What a list of allowed properties leaves of a value."""
    if isinstance(value, list):
        return [_listed(item, name, allowed) for item in value]
    if not isinstance(value, dict):
        return _text(value) if isinstance(value, str) else value
    if name in allowed.maps:
        return {key: _mapped(inner, allowed) for key, inner in value.items()}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        short = _plain(key)
        if short in allowed.names or short in allowed.maps:
            found[key] = _listed(inner, short, allowed)
        elif short in _FREE_MAPS and isinstance(inner, dict):
            found[key] = _free(inner)
        elif short == "tags" and isinstance(inner, dict):
            found[key] = _clean(inner, key)
        elif short == "properties" and isinstance(inner, dict):
            found[key] = {k: _text(v) if _is_lineage(k, v) else _blank(v) for k, v in inner.items()}
        else:
            found[key] = _bound(inner)
    return found


def _is_lineage(name: str, value: Any) -> bool:
    return name.lower().startswith(_LINEAGE) or (isinstance(value, str) and bool(_BASE_MODEL.fullmatch(value)))


def _mapped(value: Any, allowed: _Allowed) -> Any:
    return _listed(value, "", allowed) if isinstance(value, dict | list) else _bound(value)


def _bound(value: Any) -> Any:
    return value if isinstance(value, str) and _BINDING.fullmatch(value.strip()) else _blank(value)


def _free(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: inner if key.lower() in _KEPT_IN_CREDENTIALS else _blank(inner) for key, inner in value.items()}


def _clean(value: Any, name: str) -> Any:
    """What the patterns of names and values leave of a value."""
    if isinstance(value, dict):
        if name.lower() == "permissions":
            return value  # what a vault's policy lets somebody do: `{"secrets": ["get"]}` holds no secret
        if _plain(name) in _FREE_MAPS:
            return _free(value)
        if _is_secret(name) and value.keys() <= {"value", "defaultValue", "type", "metadata"}:
            return _blank(value)  # a parameter of a policy or deployment
        return {key: _clean(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        if name.lower() in _SIGN_INS:
            return [_sign_in(item) for item in value]
        if _plain(name) in _FREE_MAPS:
            return _blank_each(value)
        return [_clean(item, name) for item in value]
    if not isinstance(value, str):
        return value
    return REDACTED if _is_secret(name) else _text(value)


def _blank_each(values: list[Any]) -> list[Any]:
    return [_free(value) if isinstance(value, dict) else _blank(value) for value in values]


def _sign_in(value: Any) -> Any:
    if not isinstance(value, dict):
        return REDACTED
    return {key: inner for key, inner in value.items() if key.lower() in _KEPT_OF_SIGN_INS}


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    plain = name.replace("_", "")
    return bool(_SECRET_NAME.search(plain) or _SAS_NAME.search(name)) and not _HARMLESS.match(plain)


def _text(value: Any) -> Any:
    """Text without what looks like a secret in it; where data is stays, the signature in the query goes."""
    if not isinstance(value, str):
        return value
    lower = value.lower()
    if not any(hint in lower for hint in _VALUE_HINTS) or not _SECRET_VALUE.search(value.encode()):
        return value
    address, query, _ = value.partition("?")
    return f"{address}?{REDACTED}" if query and not _SECRET_VALUE.search(address.encode()) else REDACTED


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _blank(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_blank(inner) for inner in value]
    return value if value is None or isinstance(value, bool) else REDACTED


_PEOPLE = {"user", "group", "service-principal", "application"}
_NAMES = ("displayName", "userPrincipalName", "mail", "friendlyName", "roleName")
# Who made or changed a resource, and who approves: names of people within rows of other kinds.
_MENTIONS = {"createdby", "lastmodifiedby", "emailaddress", "username"}
_MENTIONED = re.compile(rb"createdby|lastmodifiedby|emailaddress|username|primaryapprovers", re.IGNORECASE)


def pseudonymise(snapshot: Snapshot) -> Snapshot:
    """A snapshot whose people and groups have pseudonyms. Object ids and ARM ids stay, so that findings keep their identity.

    The same name has the same pseudonym within a tenant, and nobody can turn it back without the name.
    """
    salt = snapshot.manifest.tenant
    records = [
        _pseudonym(item, salt)
        if item.kind in _PEOPLE
        else _unnamed(item, salt)
        if _MENTIONED.search(item.body)
        else item
        for kind in snapshot.kinds
        for item in snapshot.records(kind)
    ]
    facts: Mapping[str, Any] = {
        name: getattr(snapshot.manifest, name)
        for name in ("tool", "tenant", "cloud", "identity", "scope", "started", "finished", "partial", "api_versions")
    }
    return from_records(records, snapshot.coverage, redacted=True, **facts)


def _pseudonym(item: Record, salt: str) -> Record:
    body = msgspec.json.decode(item.body)
    for name in _NAMES:
        if isinstance(body.get(name), str):
            body[name] = _alias(body[name], item.kind, name, salt)
    return record(item.kind, body, ids.fold(item.of) if item.of.startswith("/") else item.of)


def _alias(text: str, kind: str, name: str, salt: str) -> str:
    digest = hashlib.sha256(f"{salt}|{name}|{text.lower()}".encode()).hexdigest()[:12]
    return f"{kind}-{digest}" + ("@redacted.invalid" if "@" in text else "")


def _unnamed(item: Record, salt: str) -> Record:
    """A row of another kind without the names of people in it; object ids stay."""
    return Record(
        item.kind, item.of, msgspec.Raw(msgspec.json.encode(_without_people(msgspec.json.decode(item.body), salt)))
    )


def _without_people(value: Any, salt: str, approver: bool = False) -> Any:
    if isinstance(value, list):
        return [_without_people(item, salt, approver) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, inner in value.items():
        short = _plain(key)
        named = short in _MENTIONS or (approver and short == "description")
        if named and isinstance(inner, str) and not ids.is_guid(inner):
            found[key] = _alias(inner, "user", "userPrincipalName", salt)
        else:
            found[key] = _without_people(inner, salt, short == "primaryapprovers")
    return found
