import type { Words } from './words.js';

const IF_NOT_YOU = 'Wenn Sie das nicht waren, ändern Sie sofort Ihr Passwort und wenden Sie sich an {issuer}.';

export const german: Words = {
  code: {
    subject: 'Ihr Code für {issuer}',
    heading: 'Ihr Code:',
    life: (minutes) => `Er gilt einmal und ${minutes === 1 ? 'eine Minute' : `${minutes} Minuten`} lang, bei {issuer}.`,
    advice:
      'Geben Sie ihn niemandem, auch niemandem, der für {issuer} zu arbeiten vorgibt. Wenn Sie diesen Code nicht angefordert haben, kennt jemand Ihr Passwort: Ändern Sie es.',
    sms: (code, minutes) =>
      `${code} ist Ihr Code für {issuer}. Er gilt ${minutes} Min. Geben Sie ihn niemandem weiter.`,
  },
  links: {
    'reset-password': {
      subject: 'Neues Passwort wählen',
      fact: 'Öffnen Sie diesen Link, um ein neues Passwort für Ihr Konto bei {issuer} zu wählen:',
      advice: 'Wenn Sie das nicht angefordert haben, beachten Sie diese E-Mail nicht: Ihr Passwort bleibt, wie es ist.',
    },
    'verify-email': {
      subject: 'E-Mail-Adresse bestätigen',
      fact: 'Öffnen Sie diesen Link, um zu bestätigen, dass diese Adresse zu Ihrem Konto bei {issuer} gehört:',
      advice: 'Wenn Sie bei {issuer} kein Konto haben, beachten Sie diese E-Mail nicht.',
    },
    'change-email': {
      subject: 'Neue E-Mail-Adresse bestätigen',
      fact: 'Öffnen Sie diesen Link, um diese Adresse ab jetzt für Ihr Konto bei {issuer} zu benutzen:',
      advice: 'Wenn Sie das nicht angefordert haben, beachten Sie diese E-Mail nicht: Es ändert sich nichts.',
    },
  },
  linkLife: (minutes) => `Der Link gilt einmal und ${minutes} Minuten lang.`,
  notices: {
    'two-factor-enabled': {
      subject: 'Die Zwei-Faktor-Authentisierung ist eingeschaltet',
      fact: 'Für Ihr Konto bei {issuer} wurde die Zwei-Faktor-Authentisierung eingeschaltet. Zur Anmeldung brauchen Sie ab jetzt neben dem Passwort einen Code.',
      advice: IF_NOT_YOU,
    },
    'two-factor-disabled': {
      subject: 'Die Zwei-Faktor-Authentisierung ist ausgeschaltet',
      fact: 'Für Ihr Konto bei {issuer} wurde die Zwei-Faktor-Authentisierung ausgeschaltet. Zur Anmeldung genügt jetzt das Passwort allein.',
      advice: IF_NOT_YOU,
    },
    'method-added': {
      subject: 'Ein neuer zweiter Faktor',
      fact: 'Ihrem Konto bei {issuer} wurde ein neuer zweiter Faktor hinzugefügt, etwa ein Passkey oder ein weiterer Weg für Codes.',
      advice: IF_NOT_YOU,
    },
    'method-removed': {
      subject: 'Ein zweiter Faktor wurde entfernt',
      fact: 'Von Ihrem Konto bei {issuer} wurde ein zweiter Faktor entfernt. Geräten, denen durch ihn vertraut wurde, wird nicht mehr vertraut.',
      advice: IF_NOT_YOU,
    },
    'clone-suspected': {
      subject: 'Ein Passkey wurde vielleicht kopiert',
      fact: 'Ein Passkey Ihres Kontos bei {issuer} wurde abgelehnt, weil er wie eine Kopie geantwortet hat. Es wurde nichts geändert.',
      advice:
        'Wenn Sie diesen Passkey nur auf einem Gerät verwenden, entfernen Sie ihn aus Ihrem Konto und registrieren Sie ihn neu.',
    },
    'authenticator-replaced': {
      subject: 'Ihre Authentisierungs-App wurde ersetzt',
      fact: 'Für Ihr Konto bei {issuer} wurde eine neue Authentisierungs-App eingerichtet. Die alte und ihre Ersatzcodes gelten nicht mehr.',
      advice: IF_NOT_YOU,
    },
    'backup-codes-replaced': {
      subject: 'Ihre Ersatzcodes wurden ersetzt',
      fact: 'Für Ihr Konto bei {issuer} wurden neue Ersatzcodes erzeugt. Die alten gelten nicht mehr.',
      advice: IF_NOT_YOU,
    },
    'backup-code-used': {
      subject: 'Ein Ersatzcode wurde benutzt',
      fact: 'Mit einem Ersatzcode hat sich jemand bei Ihrem Konto bei {issuer} angemeldet.',
      advice: IF_NOT_YOU,
    },
    'device-trusted': {
      subject: 'Einem Gerät wird jetzt vertraut',
      fact: 'Ein Gerät kann sich ab jetzt allein mit dem Passwort bei Ihrem Konto bei {issuer} anmelden.',
      advice:
        'Wenn Sie das nicht waren, entfernen Sie das Gerät aus der Liste der vertrauten Geräte und ändern Sie sofort Ihr Passwort.',
      several: {
        subject: 'Mehreren Geräten wird jetzt vertraut',
        fact: (times) =>
          `Für Ihr Konto bei {issuer} wurde ${times} Geräten das Vertrauen ausgesprochen. Sie können sich allein mit dem Passwort anmelden.`,
      },
    },
    'device-reused': {
      subject: 'Ein vertrautes Gerät wurde entfernt',
      fact: 'Jemand hat versucht, sich mit Ihrem Passwort und einer veralteten Kopie dessen, woran ein vertrautes Gerät erkannt wird, bei Ihrem Konto bei {issuer} anzumelden. Dem Gerät wird nicht mehr vertraut; die Anmeldung damit verlangt wieder einen Code.',
      advice:
        'Wenn Sie das Gerät nicht aus einer Sicherung wiederhergestellt haben, hat jemand Daten davon kopiert und kennt Ihr Passwort: Ändern Sie es sofort.',
    },
    'verification-locked': {
      subject: 'Zu viele falsche Codes',
      fact: 'Für Ihr Konto bei {issuer} wurden zu viele falsche Codes eingegeben. Codes werden deshalb eine Zeit lang nicht angenommen. Ersatzcodes und vertraute Geräte funktionieren weiter.',
      advice: 'Wenn Sie das nicht waren, kennt jemand Ihr Passwort: Ändern Sie es.',
    },
    'password-changed': {
      subject: 'Ihr Passwort wurde geändert',
      fact: 'Das Passwort Ihres Kontos bei {issuer} wurde geändert. Keinem Gerät wird mehr vertraut.',
      advice: 'Wenn Sie das nicht waren, hat jemand anderes Zugang zu Ihrem Konto: Wenden Sie sich sofort an {issuer}.',
    },
    'email-change-requested': {
      subject: 'Eine neue E-Mail-Adresse wurde angefordert',
      fact: 'Ihr Konto bei {issuer} soll eine andere E-Mail-Adresse bekommen. Sie ändert sich, sobald der Link geöffnet wird, der an die neue Adresse ging.',
      advice: IF_NOT_YOU,
    },
    'email-changed': {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      fact: 'Ihr Konto bei {issuer} hat jetzt eine andere E-Mail-Adresse. E-Mails dazu kommen nicht mehr hierher.',
      advice: 'Wenn Sie das nicht waren, hat jemand anderes Zugang zu Ihrem Konto: Wenden Sie sich sofort an {issuer}.',
    },
  },
  again: (times) => `Das ist ${times}-mal geschehen; diese eine E-Mail steht für alle.`,
  codesLeft: (left) =>
    left === 0
      ? 'Es war der letzte: Erzeugen Sie jetzt neue.'
      : `Sie haben noch ${left === 1 ? 'einen Ersatzcode' : `${left} Ersatzcodes`}.`,
};
