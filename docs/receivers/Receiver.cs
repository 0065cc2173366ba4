// A receiver of webhooks: checks who sent them, keeps each event once in a folder, then acknowledges it.
//
// WEBHOOK_SECRET is the webhook's secret, WEBHOOK_OLD_SECRET the one before while it is being replaced. INBOX is the
// folder, PORT the port. SIGNATURE=superoffice checks X-SuperOffice-Signature in place of Standard Webhooks.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

public class NotGenuine : Exception
{
    public NotGenuine(string message) : base(message) { }
}

// What a receiver must know of an event. All other members are in the body that is kept.
[DataContract]
public class Event
{
    [DataMember(Name = "Event", IsRequired = true)] public string Name;
    [DataMember(Name = "EventId", IsRequired = true)] public string Id;
}

public static class Receiver
{
    const int ToleranceSeconds = 300;
    const int MaxBodyBytes = 16 * 1024 * 1024;
    static readonly object OneAtATime = new object();

    // Check the signatures of Standard Webhooks; throws NotGenuine.
    public static void VerifyStandard(IList<string> secrets, Func<string, string> header, byte[] body, long now)
    {
        string id = header("webhook-id"), timestamp = header("webhook-timestamp");
        if (!Regex.IsMatch(timestamp, @"\A[0-9]{1,12}\z") || Math.Abs(now - long.Parse(timestamp)) > ToleranceSeconds)
            throw new NotGenuine("the timestamp is missing, or too far from now");
        byte[] signed = Encoding.UTF8.GetBytes(id + "." + timestamp + ".").Concat(body).ToArray();
        var given = header("webhook-signature").Split(' ').Where(one => one.StartsWith("v1,", StringComparison.Ordinal));
        if (!secrets.Any(secret => given.Any(one => Fits(StandardKey(secret), signed, one.Substring(3)))))
            throw new NotGenuine("no signature fits");
    }

    // Check SuperOffice's signature, which knows no time; throws NotGenuine.
    public static void VerifySuperOffice(IList<string> secrets, Func<string, string> header, byte[] body)
    {
        string given = header("x-superoffice-signature");
        if (!secrets.Any(secret => Fits(Encoding.UTF8.GetBytes(secret), body, given)))
            throw new NotGenuine("the signature does not fit");
    }

    static byte[] StandardKey(string secret)
    {
        if (!secret.StartsWith("whsec_", StringComparison.Ordinal)) return Encoding.UTF8.GetBytes(secret);
        string encoded = secret.Substring(6).TrimEnd('=');
        return Convert.FromBase64String(encoded + new string('=', (4 - encoded.Length % 4) % 4));
    }

    static bool Fits(byte[] key, byte[] message, string signature)
    {
        using (var hmac = new HMACSHA256(key))
        {
            string mac = Convert.ToBase64String(hmac.ComputeHash(message));
            return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(mac), Encoding.UTF8.GetBytes(signature));
        }
    }

    // Keep an event, on the disk for good; false if it was there already. What works on events reads them there.
    static bool Keep(string inbox, string eventId, byte[] body)
    {
        string name;
        using (var sha = SHA256.Create())
            name = BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(eventId))).Replace("-", "").ToLowerInvariant();
        string own = Path.Combine(inbox, name + "." + Guid.NewGuid().ToString("N") + ".part");
        string kept = Path.Combine(inbox, name + ".json");
        using (var file = new FileStream(own, FileMode.CreateNew))
        {
            file.Write(body, 0, body.Length);
            file.Flush(true);
        }
        // Of two requests with one event, one keeps it. One process alone writes to this folder.
        lock (OneAtATime)
        {
            if (!File.Exists(kept))
            {
                File.Move(own, kept);
                return true;
            }
        }
        File.Delete(own);
        return false;
    }

    static int Receive(HttpListenerRequest request)
    {
        byte[] body = Read(request.InputStream);
        if (body == null) return 413;
        string[] names = { "WEBHOOK_SECRET", "WEBHOOK_OLD_SECRET" };
        var secrets = names.Select(Environment.GetEnvironmentVariable).Where(one => !string.IsNullOrEmpty(one)).ToList();
        Func<string, string> header = name => request.Headers[name] ?? "";
        try
        {
            if (Environment.GetEnvironmentVariable("SIGNATURE") == "superoffice") VerifySuperOffice(secrets, header, body);
            else VerifyStandard(secrets, header, body, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
        catch (NotGenuine error)
        {
            Console.Error.WriteLine("refused: " + error.Message);
            return 401;
        }
        // Only what was verified is parsed, and only the body is believed: it is what SuperOffice's signature covers.
        var received = (Event)new DataContractJsonSerializer(typeof(Event)).ReadObject(new MemoryStream(body));
        if (received.Name != "test") Keep(Environment.GetEnvironmentVariable("INBOX"), received.Id, body);
        return 204;
    }

    static byte[] Read(Stream stream)
    {
        using (var all = new MemoryStream())
        {
            var piece = new byte[65536];
            for (int length; (length = stream.Read(piece, 0, piece.Length)) > 0;)
            {
                all.Write(piece, 0, length);
                if (all.Length > MaxBodyBytes) return null;
            }
            return all.ToArray();
        }
    }

    static void Answer(HttpListenerContext context)
    {
        try
        {
            context.Response.StatusCode = Receive(context.Request);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error);
            context.Response.StatusCode = 500;
        }
        context.Response.Close();
    }

    public static void Main()
    {
        // Behind a proxy that passes on the host's name it is "http://+:8000/".
        string url = "http://127.0.0.1:" + (Environment.GetEnvironmentVariable("PORT") ?? "8000") + "/";
        var listener = new HttpListener();
        listener.Prefixes.Add(url);
        listener.Start();
        Console.WriteLine("listening at " + url);
        while (true)
        {
            HttpListenerContext context = listener.GetContext();
            ThreadPool.QueueUserWorkItem(_ => Answer(context));
        }
    }
}
