"""What strongSwan is told: ``swanctl.conf`` for one machine.

Guarantees: a pure function; the same tunnels give the same text. IKEv2 only, certificates only, and for each connection exactly one certificate that counts:
the other server's own. One set of algorithms, so nothing can be talked down: AES-256-GCM, ECP-384, SHA-384 (on the CRYPTREC list; what ``conformity`` judges as
conforming), a fresh exchange at each renewal of keys. All TCP between the two addresses goes through the tunnel; a policy that waits (``trap``) is there from
the moment of loading, so that with the daemon running no such packet leaves or is taken in the open. What holds without the daemon is ``fence``.
Refuses nothing: addresses and names are typed values that cannot hold a brace or a line's end. Trusts its caller for who is whose.

Options: swanctl.conf(5), strongSwan 5.9. Why TCP only: an IPv6 neighbour must be found before there is a tunnel to ask through.
"""

from __future__ import annotations

from collections.abc import Sequence

from akashi.network.ipsec.model import IkeCertificate, IpAddress, Tunnel, TunnelEnd

IKE_PROPOSAL = "aes256gcm16-prfsha384-ecp384"
ESP_PROPOSAL = "aes256gcm16-ecp384"


def certificate_file(number: int | str) -> str:
    """The file of a server's certificate in ``x509``; of its key in ``private``. ``"*"`` for all."""
    return f"akashi-ike-{number}.pem"


def connection_name(number: int) -> str:
    """How a connection and its tunnel are called in strongSwan."""
    return f"akashi-{number}"


def swanctl_conf(own: TunnelEnd, certificate: IkeCertificate, tunnels: Sequence[Tunnel]) -> str:
    """The settings of the machine ``own``, which shows ``certificate``."""
    head = (
        f"# Tunnels of server {own.number}, written by `akashi network ipsec`; run it again instead of editing.\n"
        "# Folder swanctl/: x509/ and private/ beside this file.\n"
    )
    return head + "connections {\n" + "".join(_connection(own, certificate, one) for one in tunnels) + "}\n"


def _connection(own: TunnelEnd, certificate: IkeCertificate, tunnel: Tunnel) -> str:
    """One machine begins, both wait: two ends that begin at once would make two tunnels."""
    end, name = tunnel.end, connection_name(tunnel.end.number)
    begins = "trap|start" if own.number < end.number else "trap"
    return f"""\
    {name} {{
        version = 2
        local_addrs = {own.host}
        remote_addrs = {end.host}
        proposals = {IKE_PROPOSAL}
        mobike = no
        send_certreq = no
        send_cert = never
        keyingtries = 0
        dpd_delay = 10s
        rekey_time = 4h
        local {{
            auth = pubkey
            id = "fqdn:{certificate.name}"
            certs = {certificate_file(own.number)}
        }}
        remote {{
            auth = pubkey
            id = "fqdn:{tunnel.certificate.name}"
            certs = {certificate_file(end.number)}
        }}
        children {{
            {name} {{
                local_ts = {_selector(own.host)}
                remote_ts = {_selector(end.host)}
                esp_proposals = {ESP_PROPOSAL}
                mode = tunnel
                rekey_time = 1h
                start_action = {begins}
                dpd_action = trap
            }}
        }}
    }}
"""


def _selector(host: IpAddress) -> str:
    return f"{host}/{host.max_prefixlen}[tcp]"
