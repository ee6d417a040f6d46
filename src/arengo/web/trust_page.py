"""How to trust the local authority, in words, for each kind of phone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arengo.web.languages import Language

_PAGE: Final = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head><body><main>
<h1>{title}</h1>
<p>{why}</p>
<p><a href="/ca.crt">{download}</a></p>
<h2>iPhone, iPad</h2><ol>{apple}</ol>
<h2>Android</h2><ol>{android}</ol>
<h2>{desk_title}</h2><ol>{desk}</ol>
<p>{limits}</p>
<p><a href="/">{back}</a></p>
</main></body></html>"""

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "title": "Trust this server on your phone",
        "why": "Browsers give a microphone only to pages that they can trust. "
        "This server vouches for itself; tell your phone once that you know it.",
        "download": "Download the certificate",
        "desk_title": "Computer",
        "limits": "The certificate can vouch for addresses of private networks only, never for a site on the internet. "
        "You can remove it at any time.",
        "back": "Continue to the server",
    },
    "it": {
        "title": "Fidati di questo server sul tuo telefono",
        "why": "I browser danno il microfono solo alle pagine di cui possono fidarsi. "
        "Questo server garantisce per sé stesso; di' una volta al telefono che lo conosci.",
        "download": "Scarica il certificato",
        "desk_title": "Computer",
        "limits": "Il certificato può garantire solo per indirizzi di reti private, mai per un sito su internet. "
        "Puoi toglierlo quando vuoi.",
        "back": "Continua verso il server",
    },
}

_STEPS: Final[Mapping[Language, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "apple": (
            "Download the certificate with Safari and allow the profile.",
            "Open Settings, then “Profile Downloaded”, and install it.",
            "Open Settings, General, About, Certificate Trust Settings, and turn it on.",
        ),
        "android": (
            "Download the certificate.",
            "Open Settings, search for “CA certificate”, and choose the file that you downloaded.",
            "Open this server in Chrome again.",
        ),
        "desk": ("Download the certificate.", "Import it among the authorities in your browser's settings for certificates."),
    },
    "it": {
        "apple": (
            "Scarica il certificato con Safari e consenti il profilo.",
            "Apri Impostazioni, poi “Profilo scaricato”, e installalo.",
            "Apri Impostazioni, Generali, Info, Attendibilità certificati, e attivalo.",
        ),
        "android": (
            "Scarica il certificato.",
            "Apri Impostazioni, cerca “Certificato CA”, e scegli il file che hai scaricato.",
            "Apri di nuovo questo server in Chrome.",
        ),
        "desk": ("Scarica il certificato.", "Importalo fra le autorità, nelle impostazioni dei certificati del tuo browser."),
    },
}


def trust_page(lang: Language) -> bytes:
    """The page in *lang*."""
    steps = {kind: "".join(f"<li>{step}</li>" for step in told) for kind, told in _STEPS[lang].items()}
    return _PAGE.format(lang=lang, **_WORDS[lang], **steps).encode()
