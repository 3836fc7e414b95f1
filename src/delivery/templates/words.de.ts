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
      subject: 'Ein neuer Weg für Codes',
      fact: 'Codes für Ihr Konto bei {issuer} können jetzt auch auf einem neuen Weg empfangen werden.',
      advice: IF_NOT_YOU,
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
  },
  again: (times) => `Das ist ${times}-mal geschehen; diese eine E-Mail steht für alle.`,
  codesLeft: (left) =>
    left === 0
      ? 'Es war der letzte: Erzeugen Sie jetzt neue.'
      : `Sie haben noch ${left === 1 ? 'einen Ersatzcode' : `${left} Ersatzcodes`}.`,
};
